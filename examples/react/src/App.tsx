import type { ComponentType } from 'react';
import { useSession } from './auth';
import { Bar } from './components/Bar';
import { Page } from './components/Page';
import { StepUpDialog } from './components/StepUpDialog';
import { useCodes } from './lib/codes';
import { usePath } from './lib/router';
import { explain } from './lib/words';
import { Account } from './pages/account/Account';
import { Codes } from './pages/Codes';
import { Confirm } from './pages/Confirm';
import { Deleted } from './pages/Deleted';
import { Forgot } from './pages/Forgot';
import { Login } from './pages/login/Login';
import { Register } from './pages/Register';
import { Reset } from './pages/Reset';

// What everybody can open, logged in or not. Mailed links lead to two of them.
const open: Record<string, ComponentType> = { '/confirm': Confirm, '/reset': Reset, '/forgot': Forgot, '/deleted': Deleted };

export function App() {
  const codes = useCodes();
  return (
    <>
      <Bar />
      {codes ? <Codes codes={codes} /> : <Current />}
      <StepUpDialog />
    </>
  );
}

/** The page of the address. Whoever has to log in first does so in its place, and is where they wanted to be. */
function Current() {
  const path = usePath();
  const session = useSession();
  const Open = open[path];
  if (Open) return <Open />;
  switch (session.status) {
    case 'loading':
      return <Page title="One moment">{session.problem && <p role="alert">{explain(session.problem)} We go on trying.</p>}</Page>;
    case 'signed-out':
      return path === '/register' ? <Register /> : <Login why={session.why} />;
    case 'signed-in':
      return <Account key={session.user.id} path={path} />; // what somebody typed is for nobody else
  }
}
