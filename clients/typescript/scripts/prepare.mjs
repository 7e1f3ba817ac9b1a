// npm runs this when somebody types `npm install` here, and in an app that names this folder (file:…). In the latter npm does
// not install what the build needs: this does.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(`${root}node_modules/typescript`)) {
  execFileSync(process.execPath, [process.env.npm_execpath, 'ci', '--ignore-scripts'], { cwd: root, stdio: 'inherit' });
}
await import('./build.mjs');
