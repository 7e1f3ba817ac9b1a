import { useRef, useState, type ReactNode } from 'react';

type Props = {
  label: string;
  value: ReactNode;
  /** What the button says. */
  action: string;
  /** The form that the button opens. It calls `close` with what to say once it is done. */
  children: (close: (said: string) => void) => ReactNode;
};

/** One line of the account with what can be changed of it. */
export function Row({ label, value, action, children }: Props) {
  const [open, setOpen] = useState(false);
  const [said, setSaid] = useState('');
  const button = useRef<HTMLButtonElement>(null);

  function close(said: string) {
    setOpen(false);
    setSaid(said);
    button.current?.focus();
  }

  return (
    <li>
      <div>
        <h2>{label}</h2>
        <p>{value}</p>
      </div>
      <button type="button" ref={button} className="quiet" aria-expanded={open} onClick={() => { setOpen(!open); setSaid(''); }}>
        {open ? 'Leave it' : action}
      </button>
      {open && children(close)}
      <p role="status" className="said">{said}</p>
    </li>
  );
}
