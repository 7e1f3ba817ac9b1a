import { expect, test } from '@playwright/test';
import { ask, newcomer } from './latchkey.js';
import { addAuthenticator } from './passkey.js';

test('a passkey', async ({ page }) => {
  const { accessToken } = await newcomer();
  const { challenge, passkeyOptions } = await ask('mutation { startPasskey { challenge passkeyOptions } }', undefined, accessToken);
  await page.goto('/');
  await addAuthenticator(page);
  const passkey = await page.evaluate(async (options) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
    return JSON.stringify(await navigator.credentials.create({ publicKey }));
  }, passkeyOptions);
  expect(JSON.parse(passkey).type).toBe('public-key');
  expect(challenge).toMatch(/^lkc_/);
});
