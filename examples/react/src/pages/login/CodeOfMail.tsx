import { useEffect } from 'react';
import { Page } from '../../components/Page';
import { Link } from '../../lib/router';
import { sendMailedCode } from '../../lib/mailedCode';

/** Where the mail's own link leads (LOGIN_URL): it hands the code to the tab that asked for it, which alone can use it. */
export function CodeOfMail({ code }: { code: string }) {
  useEffect(() => sendMailedCode(code), [code]);
  return (
    <Page title="Your login code">
      <p className="secret"><code>{code}</code></p>
      <p>The page of this browser that asked for the code has it now, and goes on by itself. If it is in another browser, type the code there.</p>
      <div className="aside"><Link to="/login">Ask for another code</Link></div>
    </Page>
  );
}
