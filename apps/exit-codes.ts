/** How the command ends; part of its contract, printed by `ringlane --help`. */
export const EXIT_CODES = {
  ok: 0,
  /** Something broke, or a result was checked and is wrong. */
  failed: 1,
  /** Unknown option or command, or a value out of its range. */
  usage: 2,
  /** The input is missing, empty, unreadable or binary. */
  input: 3,
  /** Ctrl-C or SIGTERM; what was measured until then is written. */
  interrupted: 130,
} as const;

/** A number that `ringlane` exits with. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** A failure that is told in one line and sets the exit code: the reader did nothing strange. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** A mistake on the command line. */
export function usageError(message: string): CommandError {
  return new CommandError(message, EXIT_CODES.usage);
}

/** Something is wrong with the input. */
export function inputError(message: string): CommandError {
  return new CommandError(message, EXIT_CODES.input);
}
