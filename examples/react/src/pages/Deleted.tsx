import { Page } from '../components/Page';
import { Link } from '../lib/router';

/** The end of an account. */
export const Deleted = () => (
  <Page title="Your account is deleted">
    <p className="note good">A mail tells you so. Your username is kept for you for three days.</p>
    <div className="aside"><Link to="/register">Register anew</Link></div>
  </Page>
);
