// The Apollo link and the urql exchange: each refreshes, asks for a step-up, and has typed errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client/core';
import { Client, cacheExchange, fetchExchange } from '@urql/core';
import { errorOf, LatchkeyError } from 'latchkey-client';
import { latchkeyLink } from 'latchkey-client/apollo';
import { latchkeyExchange } from 'latchkey-client/urql';
import { clocks, control, elsewhere, join, network, program, valueOf } from './world.mjs';

// Each has `run`, which runs an operation anew and returns its data or throws what the library makes of a failure.
const libraries = {
  'Apollo Client': (latchkey, url) => {
    const client = new ApolloClient({
      link: ApolloLink.from([latchkeyLink(latchkey), new HttpLink({ uri: url, fetch: elsewhere() })]),
      cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: 'network-only' } },
    });
    return async (document, variables) => {
      const operation = document.startsWith('mutation') ? client.mutate({ mutation: gql(document), variables }) : client.query({ query: gql(document), variables });
      return (await operation).data;
    };
  },
  urql: (latchkey, url) => {
    const client = new Client({
      url, fetch: elsewhere(), preferGetMethod: false, requestPolicy: 'network-only',
      exchanges: [cacheExchange, latchkeyExchange(latchkey), fetchExchange], fetchOptions: () => ({ headers: { 'x-mine': 'yes' } }),
    });
    return async (document, variables = {}) => {
      const operation = document.startsWith('mutation') ? client.mutation(document, variables) : client.query(document, variables);
      const { data, error } = await operation.toPromise();
      if (error) throw error;
      return data;
    };
  },
};

const me = 'query Me { me { id username } }';
const startTotp = 'mutation StartTotp { startTotp { challenge errors { code } } }';

for (const [name, library] of Object.entries(libraries)) {
  test(`${name}: nobody, somebody, and a refresh`, async (t) => {
    const net = await network(t);
    const clock = clocks();
    const latchkey = program({ url: net.url, clock });
    const run = library(latchkey, net.url);
    assert.equal((await run(me)).me, null);

    const ada = await join(latchkey);
    assert.equal((await run(me)).me.username, ada.username);
    clock.at.monotonic += 20 * 60_000;
    const answers = await Promise.all([run(me), run('query Again { me { id } }'), run('mutation { revokeOtherSessions { count } }')]);
    assert.equal(answers[0].me.id, ada.id);
    assert.equal(net.count('refresh'), 1);
    assert.equal(net.count('own'), 5);
  });

  test(`${name}: an access token that the service refuses`, async (t) => {
    const net = await network(t);
    const good = program({ url: net.url });
    const ada = await join(good);
    // The first operation goes with a token of somebody else's signature, as after a leak of the key.
    let spoilt = false;
    const latchkey = {
      attempt() {
        const attempt = good.attempt();
        return {
          again: (error) => attempt.again(error),
          async accessToken() {
            const token = await attempt.accessToken();
            if (spoilt) return token;
            spoilt = true;
            return `${token.slice(0, -4)}AAAA`;
          },
        };
      },
    };
    const run = library(latchkey, net.url);
    assert.equal((await run(me)).me.id, ada.id);
    assert.equal(net.count('refresh'), 1);
    assert.equal(net.count('own'), 2);
  });

  test(`${name}: a step-up`, async () => {
    const ada = await join();
    const run = library(ada.latchkey, `${process.env.LATCHKEY_URL}/graphql`);
    await control('stale', ada);
    await assert.rejects(run(startTotp), (error) => errorOf(error).reason === 'STEP_UP');
    const started = run(startTotp);
    const asked = await valueOf(ada.latchkey.stepUp, (value) => value !== null);
    await asked.answer({ password: ada.password });
    assert.ok((await started).startTotp.challenge);
  });

  test(`${name}: typed errors, and an end`, async (t) => {
    const net = await network(t);
    const ada = await join(program({ url: net.url }));
    const run = library(ada.latchkey, net.url);
    const failure = (document, variables) => run(document, variables).then(() => assert.fail('it went through'), (error) => {
      const found = errorOf(error);
      assert.ok(found instanceof LatchkeyError, String(error));
      return [found.code, found.reason];
    });
    assert.deepEqual(await failure('query All { users { totalCount } }'), ['FORBIDDEN', 'ROLE']);
    assert.deepEqual(await failure('query None($first: Int) { me { securityEvents(first: $first) { nodes { id } } } }', { first: 1000 }), ['BAD_USER_INPUT', null]);
    net.away = true;
    assert.deepEqual(await failure(me), ['NETWORK', null]);
    net.away = false;

    const other = program();
    await other.login({ login: ada.username, password: ada.password });
    await other.request('mutation { revokeOtherSessions { count } }');
    assert.deepEqual(await failure(me), ['UNAUTHENTICATED', 'REVOKED']);
    assert.deepEqual(ada.latchkey.session.get(), { status: 'signed-out', why: 'ended' });
  });
}
