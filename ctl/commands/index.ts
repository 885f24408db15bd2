/** The subcommands, in the order of `--help`. */

import type { AnyCommand } from '../command.js';
import { adopt } from './adopt.js';
import { assert } from './assert.js';
import { cancel } from './cancel.js';
import { completion } from './completion.js';
import { config } from './config.js';
import { doctor } from './doctor.js';
import { events } from './events.js';
import { failures } from './failures.js';
import { flush } from './flush.js';
import { handles } from './handles.js';
import { history } from './history.js';
import { looks } from './looks.js';
import { ls } from './ls.js';
import { metrics } from './metrics.js';
import { mode } from './mode.js';
import { mount } from './mount.js';
import { pause } from './pause.js';
import { pictures } from './pictures.js';
import { pin, unpin } from './pin.js';
import { plan } from './plan.js';
import { prewarm } from './prewarm.js';
import { profiles } from './profiles.js';
import { queue } from './queue.js';
import { resume } from './resume.js';
import { run } from './run.js';
import { schema } from './schema.js';
import { share } from './share.js';
import { status } from './status.js';
import { unmount } from './unmount.js';
import { validate } from './validate.js';
import { verify } from './verify.js';
import { watch } from './watch.js';
import { why } from './why.js';

export const COMMANDS: readonly AnyCommand[] = [
  mount,
  unmount,
  mode,
  prewarm,
  adopt,
  flush,
  pin,
  unpin,
  verify,
  status,
  failures,
  events,
  history,
  metrics,
  queue,
  pause,
  resume,
  cancel,
  ls,
  why,
  pictures,
  plan,
  profiles,
  looks,
  handles,
  assert,
  validate,
  run,
  schema,
  share,
  config,
  watch,
  doctor,
  completion,
];
