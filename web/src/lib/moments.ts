/** Moments to come back to something, in local time. Pure. */

const HOUR_MS = 3_600_000;
/** When a working day begins. */
const MORNING_HOUR = 9;
const MONDAY = 1;

function morning(nowMs: number, daysAhead: number): number {
  const date = new Date(nowMs);
  date.setDate(date.getDate() + daysAhead);
  date.setHours(MORNING_HOUR, 0, 0, 0);
  return date.getTime();
}

export function parkTimes(nowMs: number) {
  const today = new Date(nowMs).getDay();
  return {
    hour: nowMs + HOUR_MS,
    threeHours: nowMs + 3 * HOUR_MS,
    tomorrow: morning(nowMs, 1),
    monday: morning(nowMs, (MONDAY + 7 - today) % 7 || 7),
  };
}

/** As an `<input type="datetime-local">` takes it, to the minute. */
export function toField(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The other way round. */
export function fromField(text: string): number {
  return new Date(text).getTime();
}
