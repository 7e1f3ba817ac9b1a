import { platform } from './platform.js';
import type { Clock } from './options.js';

export const systemClock: Clock = {
  monotonic: () => platform.performance?.now() ?? Date.now(),
  wall: () => Date.now(),
};

/** A moment by both clocks. */
export type Moment = Readonly<{ monotonic: number; wall: number }>;

export function now(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), wall: clock.wall() };
}

/**
 * How many milliseconds passed since a moment, by the clock that says more: one may have stood in sleep, and the other may
 * have been set back. One that was set forward makes more of it, which costs a refresh and no more.
 */
export function since(clock: Clock, moment: Moment): number {
  return Math.max(clock.monotonic() - moment.monotonic, clock.wall() - moment.wall);
}
