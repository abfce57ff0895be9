/** The value codec: how argument lists and results become words of memory, and back. */
export { ValueEncoder } from './value-encoder.js';
export { ValueDecoder } from './value-decoder.js';
export type { ValuesOf } from './value-path.js';
export * from './value-tags.js';
