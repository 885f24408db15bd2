/** The version of this installation. */

export { version } from '../src/base/version.js';
