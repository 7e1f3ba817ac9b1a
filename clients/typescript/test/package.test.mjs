// What others get: a package that installs into an empty project, has types for each way to find them, and runs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

/** Runs a program and shows what it said if it fails. */
function run(cwd, program, ...args) {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.stdout}${error.stderr}`);
  }
}

const typesOnly = `import { createClient, errorOf, type Client, type LoginStep, type Session, type schema } from 'latchkey-client';

const latchkey: Client = createClient({ url: 'http://localhost:8080/graphql', transport: 'cookie' });
const session: Session = latchkey.session.get();
export const name: string | null = session.status === 'signed-in' ? session.user.username : null;
export const device = (found: schema.Session): string => found.deviceName;
export const kind = (step: LoginStep): string => step.kind;
export const code = (error: unknown) => errorOf(error)?.code === 'RATE_LIMITED';

interface Typed { __apiType?: (variables: { id: string }) => { user: { id: string } | null } }
export const user = async (document: Typed): Promise<string | undefined> => (await latchkey.request(document, { id: 'x' })).user?.id;
const viewer = {} as { __apiType?: (variables: unknown) => { id: string; createdAt: string } };
export const more = createClient({ url: '/graphql', transport: 'cookie', user: viewer }).login({ login: 'ada', password: 'x' })
  .then((result) => (result.status === 'signed-in' ? result.user.createdAt : result.status === 'mistakes' ? result.mistakes.fields.password?.message : result.step.kind));
// @ts-expect-error: the variables are others
void (async (document: Typed) => latchkey.request(document, { id: 7 }));
// @ts-expect-error: there is no such step
void ((step: LoginStep) => step.kind === 'fingerprint');
`;

test('the package installs into an empty project, type-checks there and runs', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [packed] = JSON.parse(run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  const files = packed.files.map(({ path }) => path);
  assert.ok(files.includes('dist/index.js') && files.includes('dist/apollo.d.ts') && files.includes('README.md'));
  assert.ok(files.every((path) => /^(dist\/[\w.]+\.(js|d\.ts)|README\.md|LICENSE|package\.json)$/.test(path)), files.join(' '));

  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  run(folder, 'npm', 'install', '--offline', '--no-audit', '--no-fund', packed.filename);
  assert.deepEqual(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.')), ['latchkey-client']); // and nothing else
  writeFileSync(join(folder, 'main.ts'), typesOnly);
  for (const [module, moduleResolution] of [['node16', 'node16'], ['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
    run(folder, process.execPath, compiler, '--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '', '--module', module,
      '--moduleResolution', moduleResolution, 'main.ts');
  }
  writeFileSync(join(folder, 'main.js'), `import { createClient } from 'latchkey-client';
    const latchkey = createClient({ url: ${JSON.stringify(`${process.env.LATCHKEY_URL}/graphql`)}, transport: 'body' });
    console.log((await latchkey.loginMethods()).password, (await latchkey.restore()).status);`);
  assert.equal(run(folder, process.execPath, 'main.js').trim(), 'true signed-out');
});

test('the source needs no DOM: it type-checks with the types of React Native in its place', () => {
  run(root, process.execPath, compiler, '--project', 'test/react-native.json');
});

test('the package has no dependencies, and is as the program that it belongs to says', () => {
  const { dependencies, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(dependencies, undefined);
  assert.equal(license, 'MIT');
  assert.equal(readFileSync(join(root, 'LICENSE'), 'utf8'), readFileSync(join(root, '../../LICENSE'), 'utf8'));
});
