import { useEffect, useRef, type ReactNode } from 'react';

let first = true; // the browser itself announces the first page

/** One card with one heading: the shape of every page that asks for one thing. */
export function Page({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main>
      <div className="sheet">
        <Title>{title}</Title>
        {children}
      </div>
    </main>
  );
}

/**
 * The heading of a page, which is also the tab's title. A new page puts the focus there, so that screen readers say it;
 * unless a field of it has the focus already.
 */
export function Title({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const card = heading.current!.closest('.sheet')!;
    if (!first && !card.contains(document.activeElement)) heading.current!.focus();
    first = false;
  }, [children]);
  return (
    <>
      <title>{`${children} · Example`}</title>
      <h1 ref={heading} tabIndex={-1}>{children}</h1>
    </>
  );
}
