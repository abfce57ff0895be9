/** Rules of the contract. */
export const RULE_COUNT = 35;

/**
 * Rules of the document that are missing, out of order, or have a link without a test: each link
 * of a rule must lead to a file that is there, and hold a test whose name begins with its number.
 */
export function findUntestedRules(
  document: string,
  textOf: (link: string) => string | undefined,
): string[] {
  const problems: string[] = [];
  const texts = new Map<number, string>();
  for (const [, number, text] of document.matchAll(/^(\d+)\. ([^]*?)(?=^\d+\. |^## |(?![^]))/gm)) {
    if (texts.has(Number(number))) problems.push(`rule ${number} is there twice`);
    texts.set(Number(number), text!);
  }
  for (let number = 1; number <= RULE_COUNT; number++) {
    const text = texts.get(number);
    if (text === undefined) problems.push(`rule ${number} is missing`);
    else problems.push(...problemsOf(number, text, textOf));
  }
  return problems;
}

function problemsOf(
  number: number,
  text: string,
  textOf: (link: string) => string | undefined,
): string[] {
  const links = Array.from(text.matchAll(/\]\(([^)#\s]+\.ts)\)/g), ([, link]) => link!);
  if (links.length === 0) return [`rule ${number} has no link to its tests`];
  const name = new RegExp(`['"\`]${number} \\S`);
  return links.flatMap((link) => {
    const tests = textOf(link);
    if (tests === undefined) return [`rule ${number} leads to ${link}, which is not there`];
    return name.test(tests) ? [] : [`rule ${number}: ${link} has no test of it`];
  });
}
