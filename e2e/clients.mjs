// Logs in and asks who is signed in with each of the GraphQL clients that frontends use, as their first pages set them
// up, against the API at the address given with the login and password that follow. Prints a line of JSON for each:
// the methods of its requests, who was signed in, and what it makes of a bad access token: the code of an error, or `me`.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client/core';
import { Client, fetchExchange } from '@urql/core';
import { GraphQLClient } from 'graphql-request';
import relay from 'relay-runtime';
import { LOGIN, ME, loginRequest, meRequest } from './operations.mjs';

const [url, login, password] = process.argv.slice(2);
const nobody = '00000000-0000-7000-8000-000000000000';
const bearer = (token) => (token ? { authorization: `Bearer ${token}` } : {});

let methods = [];
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  methods.push(init?.method ?? 'GET');
  return fetch(input, init);
};

// Each returns functions of an access token: one runs the mutation, one the query. A failed one throws with its code.
const clients = {
  urql: () => {
    const client = (token) => new Client({ url, exchanges: [fetchExchange], fetchOptions: { headers: bearer(token) } });
    const data = ({ data, error }) => {
      if (error) throw Object.assign(error, { code: error.graphQLErrors[0]?.extensions.code });
      return data;
    };
    return {
      mutate: async (variables) => data(await client().mutation(LOGIN, variables)),
      query: async (token, variables) => data(await client(token).query(ME, variables)),
    };
  },
  Apollo: () => {
    const client = (token) => new ApolloClient({
      link: new HttpLink({ uri: url, useGETForQueries: true, headers: bearer(token) }), cache: new InMemoryCache(),
    });
    return {
      mutate: async (variables) => (await client().mutate({ mutation: gql(LOGIN), variables })).data,
      query: async (token, variables) => {
        try {
          return (await client(token).query({ query: gql(ME), variables })).data;
        } catch (error) {
          if (CombinedGraphQLErrors.is(error)) error.code = error.errors[0].extensions.code;
          throw error;
        }
      },
    };
  },
  'graphql-request': () => {
    const client = (token) => new GraphQLClient(url, { headers: bearer(token) });
    return {
      mutate: (variables) => client().request(LOGIN, variables),
      query: async (token, variables) => {
        try {
          return await client(token).request(ME, variables);
        } catch (error) {
          throw Object.assign(error, { code: error.response?.errors?.[0].extensions.code });
        }
      },
    };
  },
  Relay: () => {
    const { Environment, Network, RecordSource, Store, commitMutation, fetchQuery } = relay;
    // The function that its documentation has people write.
    const network = (token) => Network.create(async ({ text: query }, variables) => {
      const response = await globalThis.fetch(url, {
        method: 'POST', headers: { 'Content-Type': 'application/json', ...bearer(token) }, body: JSON.stringify({ query, variables }),
      });
      return response.json();
    });
    const environment = (token) => new Environment({ network: network(token), store: new Store(new RecordSource()) });
    return {
      mutate: (variables) => new Promise((onCompleted, onError) => {
        commitMutation(environment(), { mutation: loginRequest, variables, onCompleted, onError });
      }),
      query: (token, variables) => fetchQuery(environment(token), meRequest, variables).toPromise(),
    };
  },
};

for (const [name, make] of Object.entries(clients)) {
  methods = [];
  const { mutate, query } = make();
  const { tokens } = (await mutate({ input: { login, password } })).login;
  const { me, other } = await query(tokens.accessToken, { id: nobody });
  // Relay throws nothing where there is data, were it null.
  const refused = await query('x', { id: nobody }).then(({ me }) => `me is ${me}`, ({ code, message }) => code ?? message);
  console.log(JSON.stringify({ name, methods, username: me.username, other, refused }));
}
