// Prints the introspection queries of graphql-js as a JSON list: with none of its options, with each, and with all.
import { getIntrospectionQuery } from 'graphql';

const options = ['descriptions', 'specifiedByUrl', 'directiveIsRepeatable', 'schemaDescription', 'inputValueDeprecation', 'oneOf'];
const switched = (on) => Object.fromEntries(options.map((name) => [name, on.includes(name)]));
console.log(JSON.stringify([[], ...options.map((name) => [name]), options].map((on) => getIntrospectionQuery(switched(on)))));
