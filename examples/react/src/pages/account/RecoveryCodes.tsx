import { Act } from '../../components/Act';
import { When } from '../../components/When';
import { MakeRecoveryCodesDocument, type FactorsFragment } from '../../gql/graphql';
import { showOnce } from '../../lib/codes';
import { useChange } from '../../lib/useChange';

/** What stands in for a lost second factor, each code once. */
export function RecoveryCodes({ me }: { me: FactorsFragment }) {
  const make = useChange(MakeRecoveryCodesDocument);

  async function renew() {
    const payload = await make();
    showOnce(payload.recoveryCodes);
    return payload;
  }

  if (!me.factors?.length) return null;
  return (
    <section className="part">
      <h2>Recovery codes</h2>
      <p>
        {me.recoveryCodes
          ? <>{me.recoveryCodes.left} left, made <When at={me.recoveryCodes.createdAt} />. Each stands in for a lost second factor once.</>
          : 'You have none. Each stands in for a lost second factor once.'}
      </p>
      <div className="buttons"><Act does={renew}>{me.recoveryCodes ? 'Make new ones' : 'Make recovery codes'}</Act></div>
    </section>
  );
}
