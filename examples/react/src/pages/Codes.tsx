import { Page } from '../components/Page';
import { codesAreKept } from '../lib/codes';

/** Shows new recovery codes. Nothing else of the app can be reached before their owner says that they are kept. */
export function Codes({ codes }: { codes: readonly string[] }) {
  return (
    <Page title="Keep these recovery codes">
      <p>If you lose your second factor, each of these lets you in once. They are shown this once: print them, or keep them in your password manager.</p>
      <ol className="secret">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ol>
      <div className="buttons">
        <button type="button" className="quiet" onClick={() => navigator.clipboard.writeText(codes.join('\n'))}>Copy</button>
        <button type="button" className="quiet" onClick={() => print()}>Print</button>
        <button type="button" onClick={codesAreKept}>I have kept them</button>
      </div>
    </Page>
  );
}
