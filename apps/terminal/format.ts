const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** `43.6 MB`: decimal units, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : threeDigits(value)} ${UNITS[unit]}`;
}

/** `4.12 M`, `35.9 k`, `870`: what fits into a table. */
export function formatCount(count: number): string {
  if (count >= 999.5e6) return `${threeDigits(count / 1e9)} G`;
  if (count >= 999_500) return `${threeDigits(count / 1e6)} M`;
  if (count >= 9_999.5) return `${threeDigits(count / 1e3)} k`;
  return count >= 100 || Number.isInteger(count) ? count.toFixed(0) : threeDigits(count);
}

/** `4,115,163`, the same on every machine. */
export function formatWhole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Microseconds in the unit that a person would choose: `12.3 us`, `4.50 ms`, `2.01 s`. */
export function formatMicros(us: number): string {
  if (us < 999.5) return `${threeDigits(us)} us`;
  return formatMillis(us / 1000);
}

/** Milliseconds in the unit that a person would choose. */
export function formatMillis(ms: number): string {
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  if (ms < 120_000) return `${threeDigits(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

function threeDigits(value: number): string {
  if (value === 0) return '0';
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toFixed(digits);
}
