/** Telephone numbers as people write them. */

/** `+380671234567` → `+380 67 123 45 67`; anything else stays as it is. */
export function readablePhone(value: string): string {
  const match = /^\+380(\d{2})(\d{3})(\d{2})(\d{2})$/.exec(value);
  return match ? `+380 ${match[1]} ${match[2]} ${match[3]} ${match[4]}` : value;
}
