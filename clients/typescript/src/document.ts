/** Documents as text. Those of GraphQL libraries are trees, which are printed here, so that no library is needed for it. */
import type { Document } from './types.js';

export function textOf(document: Document<any, any>): string {
  if (typeof document === 'string') return document;
  return isNode(document) ? print(document) : String(document); // a string with types, as of graphql-codegen
}

/** A node of a tree, by https://github.com/graphql/graphql-js/blob/16.x.x/src/language/ast.ts: of operations and fragments. */
type Node = { readonly kind: string } & Record<string, any>;

function isNode(document: object): document is Node {
  return (document as Partial<Node>).kind === 'Document';
}

function each(nodes: readonly Node[] | undefined, separator: string, before = '', after = ''): string {
  return nodes?.length ? before + nodes.map(print).join(separator) + after : '';
}

const optional = (before: string, node: Node | undefined): string => (node ? before + print(node) : '');

function print(node: Node): string {
  const directives = each(node['directives'], ' ', ' ');
  switch (node.kind) {
    case 'Document': return each(node['definitions'], '\n');
    case 'OperationDefinition':
      return node['operation'] + optional(' ', node['name']) + each(node['variableDefinitions'], ', ', '(', ')') + directives + optional(' ', node['selectionSet']);
    case 'FragmentDefinition':
      return `fragment ${print(node['name'])} on ${print(node['typeCondition'])}${directives} ${print(node['selectionSet'])}`;
    case 'VariableDefinition': return `${print(node['variable'])}: ${print(node['type'])}${optional(' = ', node['defaultValue'])}${directives}`;
    case 'SelectionSet': return each(node['selections'], ' ', '{ ', ' }');
    case 'Field':
      return (node['alias'] ? `${print(node['alias'])}: ` : '') + print(node['name']) + each(node['arguments'], ', ', '(', ')') + directives + optional(' ', node['selectionSet']);
    case 'FragmentSpread': return `...${print(node['name'])}${directives}`;
    case 'InlineFragment': return `...${optional(' on ', node['typeCondition'])}${directives} ${print(node['selectionSet'])}`;
    case 'Argument':
    case 'ObjectField': return `${print(node['name'])}: ${print(node['value'])}`;
    case 'Directive': return `@${print(node['name'])}${each(node['arguments'], ', ', '(', ')')}`;
    case 'Name':
    case 'EnumValue':
    case 'IntValue':
    case 'FloatValue': return node['value'];
    case 'Variable': return `$${print(node['name'])}`;
    case 'NamedType': return print(node['name']);
    case 'ListType': return `[${print(node['type'])}]`;
    case 'NonNullType': return `${print(node['type'])}!`;
    case 'StringValue': return JSON.stringify(node['value']);
    case 'BooleanValue': return String(node['value']);
    case 'NullValue': return 'null';
    case 'ListValue': return `[${each(node['values'], ', ')}]`;
    case 'ObjectValue': return `{${each(node['fields'], ', ')}}`;
    default: throw new TypeError(`This is no operation: ${node.kind}`);
  }
}
