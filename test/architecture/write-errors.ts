import { writeFileSync } from 'node:fs';
import { ERROR_CODES } from '../../core/errors/error-codes.js';
import { ERRORS_PATH, renderErrors } from '../support/errors-doc.js';
import { REPOSITORY_ROOT } from '../support/repository.js';

writeFileSync(REPOSITORY_ROOT + ERRORS_PATH, renderErrors(ERROR_CODES));
console.log(`wrote ${ERRORS_PATH}`);
