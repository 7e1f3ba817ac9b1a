// A login by a mailed code goes on in the tab that asked for it. The mail's link opens another one: it says the code here.

const name = 'example-mailed-code';

export function sendMailedCode(code: string) {
  const channel = new BroadcastChannel(name);
  channel.postMessage(code);
  channel.close();
}

/** Calls `take` with the code of a link that was followed, until the function that is returned is called. */
export function onMailedCode(take: (code: string) => void) {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => take(String(data));
  return () => channel.close();
}
