/** The shape of pino and of most loggers: an object of facts, then a sentence. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** The default: a library is silent until it is given a logger. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
