#!/usr/bin/env node
/** Writes docs/settings.md from the table of the settings. Build first: `npm run build`. */

import { writeFileSync } from 'node:fs';
import { settingsManual } from '../dist/src/config/manual.js';

writeFileSync(new URL('../docs/settings.md', import.meta.url), settingsManual());
