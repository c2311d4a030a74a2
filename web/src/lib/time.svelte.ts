/** The server's clock as this browser knows it, and the one timer that makes every duration tick. */
import type { Micros } from '../api/types';

const TICK_MS = 1000;

class Clock {
  /** Milliseconds since 1970 by the server's clock, moving once a second. */
  now = $state(Date.now());
  /** How long the last live message took longer than the fastest one seen, in milliseconds. */
  lagMs = $state<number | null>(null);
  #offsetMs = 0;
  #fastestMs = Number.POSITIVE_INFINITY;

  constructor() {
    setInterval(() => this.#tick(), TICK_MS);
  }

  /** Learns from a stamped server message: the fastest delivery seen gives the offset of the clocks. */
  heard(serverAt: Micros, localMs: number = Date.now()): void {
    const difference = localMs - serverAt / 1000;
    if (difference < this.#fastestMs) {
      this.#fastestMs = difference;
      this.#offsetMs = difference;
      this.#tick();
    }
    this.lagMs = Math.max(0, Math.round(difference - this.#fastestMs));
  }

  /** Server time this instant, in milliseconds. */
  exact(): number {
    return Date.now() - this.#offsetMs;
  }

  #tick(): void {
    this.now = this.exact();
  }
}

export const clock = new Clock();
