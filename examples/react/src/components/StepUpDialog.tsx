import type { StepUp } from 'latchkey-client';
import { useLayoutEffect, useRef } from 'react';
import { useStepUp } from '../auth';
import { ProofForm } from './ProofForm';

/** Asks again who is there. Whatever waits for it goes on by itself once it is answered, and fails if this is left. */
export function StepUpDialog() {
  const stepUp = useStepUp();
  return stepUp && <Asks stepUp={stepUp} />;
}

function Asks({ stepUp }: { stepUp: StepUp }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const asks = dialog.current!;
    asks.showModal();
    return () => asks.close(); // which gives the focus back to where it was
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="step-up" onCancel={stepUp.cancel}>
      <h1 id="step-up">Is it you?</h1>
      <p>Before this goes on, show once more that it is you.</p>
      <ProofForm proofs={stepUp.proofs} answer={stepUp.answer} withPasskey={stepUp.withPasskey} />
      <div className="buttons"><button type="button" className="quiet" onClick={stepUp.cancel}>Leave it</button></div>
    </dialog>
  );
}
