/**
 * Positions and times on the wire are 32-bit integers that wrap; they are compared by their
 * distance, which is right as long as the two are less than 2^31 apart (RFC 1982).
 */
export function sequenceDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** True when `a` comes before `b`. */
export function sequenceBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Rounds up to a multiple of `alignment`, a power of two. */
export function align(value: number, alignment: number): number {
  return (value + (alignment - 1)) & ~(alignment - 1);
}

/** True for 1, 2, 4 and so on up to 2^31. */
export function isPowerOfTwo(value: number): boolean {
  // Bit operators see 32 bits of a whole number, so nothing else may reach them.
  return Number.isInteger(value) && value > 0 && value <= 2 ** 31 && (value & (value - 1)) === 0;
}
