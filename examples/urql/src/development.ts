// What a person does in life, for programs in development and for tests: reading mail, and typing the code of an
// authenticator app.
import { createHmac } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

interface Mail {
  kind: string;
  links: string[];
}

/** Waits for a mail of this kind in the development inbox, and returns the token of its link. */
export async function mailedToken(service: string, to: string, kind: string): Promise<string> {
  for (const giveUp = Date.now() + 60_000; Date.now() < giveUp; await setTimeout(100)) {
    const response = await fetch(`${service}/dev/mail.json?to=${encodeURIComponent(to)}`);
    const mails = (await response.json()) as Mail[]; // the newest first
    const link = mails.find((mail) => mail.kind === kind)?.links[0];
    if (link) return new URL(link).searchParams.get('token') ?? '';
  }
  throw new Error(`no mail ${kind} to ${to}`);
}

/** The code that an authenticator app shows for a secret (RFC 6238), or the one of some half minutes later. */
export function appCode(secret: string, later = 0): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const number = mac.readUInt32BE((mac.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? []);
}
