// A process of its own with the client, whose tokens are in a file: joins, or refreshes five times, and says each time who it is.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

// A platform that has fetch and little else. Node's own fetch takes what it needs when it is first touched.
new Headers();
for (const name of ['BroadcastChannel', 'performance', 'navigator', 'crypto', 'structuredClone', 'MessageChannel']) delete globalThis[name];
const { clocks, join, program } = await import('./world.mjs');

const [, , file, what] = process.argv;
const read = () => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {}; // not there yet
  }
};
const write = (change) => {
  const written = `${file}.${process.pid}`;
  writeFileSync(written, JSON.stringify({ ...read(), ...change }));
  renameSync(written, file); // so that nobody reads half of it
};
const storage = {
  getItem: (key) => read()[key] ?? null,
  setItem: (key, value) => write({ [key]: value }),
  removeItem: (key) => write({ [key]: undefined }),
};
const clock = clocks();
const latchkey = program({ storage, clock });

if (what === 'join') {
  process.send((await join(latchkey)).username);
} else {
  for (let round = 0; round < 5; round++) {
    await latchkey.accessToken();
    process.send(latchkey.session.get().user.username);
    clock.at.monotonic += 20 * 60_000;
  }
}
process.disconnect();
process.exit(); // idle connections would keep it for some seconds
