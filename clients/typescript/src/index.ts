export { LatchkeyError, type ErrorCode } from './errors.js';
export type * from './schema.js';
export type * from './types.js';
