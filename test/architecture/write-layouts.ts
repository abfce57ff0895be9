import { writeFileSync } from 'node:fs';
import { REPOSITORY_ROOT } from '../support/repository.js';
import { expectedLayouts, LAYOUTS_PATH } from './collect-layouts.js';

writeFileSync(REPOSITORY_ROOT + LAYOUTS_PATH, await expectedLayouts());
console.log(`wrote ${LAYOUTS_PATH}`);
