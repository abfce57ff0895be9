import { pathToFileURL } from 'node:url';
import type { Layout } from '../../core/base/layout.js';
import { listFiles, REPOSITORY_ROOT } from '../support/repository.js';
import { renderLayouts, whyNotALayout } from '../support/layouts.js';

export const LAYOUTS_PATH = 'docs/LAYOUTS.md';

/** Every exported `*_LAYOUT` of the descriptor files, in the order of their paths. */
export async function collectLayouts(): Promise<Layout[]> {
  const descriptors = listFiles('core').filter((path) => path.endsWith('-descriptor.ts'));
  const layouts: Layout[] = [];
  for (const path of descriptors) {
    const compiled = pathToFileURL(`${REPOSITORY_ROOT}dist/${path.replace(/ts$/, 'js')}`);
    const exported = Object.entries((await import(compiled.href)) as Record<string, unknown>);
    const found = exported.filter(([name]) => name.endsWith('_LAYOUT'));
    if (found.length === 0) throw new Error(`${path} exports no *_LAYOUT`);
    layouts.push(...found.map(([, layout]) => layout as Layout));
  }
  return layouts;
}

/** The text that `docs/LAYOUTS.md` must have. */
export async function expectedLayouts(): Promise<string> {
  const layouts = await collectLayouts();
  for (const layout of layouts) {
    const reason = whyNotALayout(layout);
    if (reason !== undefined) throw new Error(`layout ${layout.name}: ${reason}`);
  }
  return renderLayouts(layouts);
}
