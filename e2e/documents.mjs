// Parses modules of JavaScript without running them. It reads [{at, text}] from standard
// input, and prints what is wrong, a line each.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

for (const { at, text } of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    new vm.SourceTextModule(text, { identifier: at });
  } catch (e) {
    console.log(`${at}: ${e.message}`);
  }
}
