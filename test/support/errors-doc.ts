import type { Effect, ErrorCodeEntry } from '../../core/errors/error-codes.js';

type Row = readonly [code: string, entry: ErrorCodeEntry];

const EFFECTS: Readonly<Record<Effect, string>> = {
  none: '(it did not run; trying again is safe)',
  unknown: '(it may have run)',
};

const PREFACE = `# Errors

Written by \`npm run errors-doc\` from \`core/errors/error-codes.ts\`; a test compares. Every code
is produced on a real path in \`test/conformance/errors.integration.ts\`.

Everything that the engine refuses or loses is one class, \`RpcError\`. Tell errors apart by
\`code\` and recognise them with \`isRpcError(error)\`: class identity is lost between threads,
processes and copies of the package. The table is closed: codes are added, never renamed, and a
number on the wire is never used twice.

\`effect\` says whether you may try again:

- **none**: the method surely did not run. A retry is safe.
- **unknown**: it may have run, in whole or in part. Retry only what may happen twice, or ask first.

What is said here is the effect that a code has unless the place that fails knows better; trust
\`error.effect\`. An error also carries, where there is one, \`endpoint\`, \`method\`, \`address\`,
\`limit\` and \`actual\` (the bound that was met, and the size that met it) and \`cause\`.

\`\`\`ts
try {
  await counter.add(2);
} catch (error) {
  if (isRpcError(error) && error.effect === 'none') await retryLater();
  else throw error;
}
\`\`\`

`;

function renderOverview(rows: readonly Row[]): string {
  const head = '| code | wire | effect | meaning |\n| --- | ---: | --- | --- |\n';
  const lines = rows.map(([code, { wire, effect, meaning }]) => {
    const anchor = code.toLowerCase();
    return `| [\`${code}\`](#${anchor}) | ${wire} | ${effect} | ${meaning} |`;
  });
  return head + lines.join('\n');
}

function renderSection([code, entry]: Row): string {
  const { effect, meaning, usualCause, cure } = entry;
  const lines = [`## \`${code}\``, `${meaning}`, `- Effect: **${effect}** ${EFFECTS[effect]}`];
  return `${lines.join('\n\n')}\n- Usual cause: ${usualCause}\n- Cure: ${cure}\n`;
}

/** The whole of `docs/ERRORS.md`, by number on the wire. */
export function renderErrors(table: Readonly<Record<string, ErrorCodeEntry>>): string {
  const rows = Object.entries(table).sort(([, a], [, b]) => a.wire - b.wire);
  return `${PREFACE}${renderOverview(rows)}\n\n${rows.map(renderSection).join('\n')}`;
}

/** Where it lies. */
export const ERRORS_PATH = 'docs/ERRORS.md';
