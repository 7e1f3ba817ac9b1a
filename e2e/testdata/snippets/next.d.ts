// What code for Next.js asks of it: it would be the largest package of all by far.
declare module 'next' {
  export interface NextConfig {
    rewrites?: () => Promise<{ source: string; destination: string }[]>;
  }
}
declare module 'next/server' {
  export interface NextRequest extends Request {
    readonly nextUrl: URL;
  }
  export class NextResponse extends Response {
    static next(init?: { request?: { headers?: Headers } }): NextResponse;
    static redirect(url: string | URL, status?: number): NextResponse;
  }
}
declare module 'next/headers' {
  export function headers(): Promise<Headers>;
}
declare namespace JSX {
  interface IntrinsicElements {
    h1: { children?: unknown };
  }
}
declare module 'react/jsx-runtime' {
  export function jsx(type: unknown, props: unknown): unknown;
  export function jsxs(type: unknown, props: unknown): unknown;
  export namespace JSX {
    interface IntrinsicElements {
      h1: { children?: unknown };
    }
  }
}
