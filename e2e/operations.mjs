// The operations that GraphQL clients are tried with.
export const LOGIN = 'mutation Login($input: LoginInput!) { login(input: $input) { tokens { accessToken } errors { code } } }';
export const ME = 'query Me($id: ID!) { me { id username } other: user(id: $id) { id } }';

// What relay-compiler makes of them.
const scalar = (name) => ({ alias: null, args: null, kind: 'ScalarField', name, storageKey: null });
const linked = (name, concreteType, selections, alias = null, args = null, plural = false) =>
  ({ alias, args, concreteType, kind: 'LinkedField', name, plural, selections, storageKey: null });
const variable = (name) => [{ kind: 'Variable', name, variableName: name }];
const compiled = (operationKind, name, text, argument, selections) => {
  const argumentDefinitions = [{ defaultValue: null, kind: 'LocalArgument', name: argument }];
  const type = operationKind === 'query' ? 'Query' : 'Mutation';
  return {
    kind: 'Request', fragment: { argumentDefinitions, kind: 'Fragment', metadata: null, name, selections, type, abstractKey: null },
    operation: { argumentDefinitions, kind: 'Operation', name, selections }, params: { cacheID: name, id: null, metadata: {}, name, operationKind, text },
  };
};
export const loginRequest = compiled('mutation', 'Login', LOGIN, 'input', [linked('login', 'LoginPayload',
  [linked('tokens', 'Tokens', [scalar('accessToken')]), linked('errors', 'UserError', [scalar('code')], null, null, true)], null, variable('input'))]);
export const meRequest = compiled('query', 'Me', ME, 'id', [linked('me', 'User', [scalar('id'), scalar('username')]),
  linked('user', 'User', [scalar('id')], 'other', variable('id'))]);
