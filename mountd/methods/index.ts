/** The methods of the control socket, one file each. */

import type { Handlers } from '../../src/control/handlers.js';
import type { Daemon } from '../daemon.js';
import type { Meter } from '../metrics.js';
import { adopt } from './adopt.js';
import { adoptFiles } from './adopt-files.js';
import { assertServed } from './assert.js';
import { getConfig } from './config.js';
import { daemonInfo } from './daemon-info.js';
import { failures, history, listEvents } from './events.js';
import { flush } from './flush.js';
import { listHandles } from './handles.js';
import { addLook, listLooks } from './looks.js';
import { list } from './ls.js';
import { clearMode, getMode, setMode } from './mode.js';
import { listPictures } from './pictures.js';
import { pin, unpin } from './pin.js';
import { plan } from './plan.js';
import { previewPrewarm } from './preview.js';
import { prewarm } from './prewarm.js';
import { cancelJobs, listQueue, pauseQueue, resumeQueue } from './queue.js';
import { status } from './status.js';
import { unmount } from './unmount.js';
import { verify } from './verify.js';
import { why } from './why.js';

export function createHandlers(daemon: Daemon, meter: Meter): Handlers {
  return {
    'daemon.info': () => daemonInfo(daemon),
    'config.get': () => getConfig(daemon),
    status: () => status(daemon),
    'mode.get': (params) => getMode(daemon, params),
    'mode.set': (params, context) => setMode(daemon, params, context),
    'mode.clear': (params, context) => clearMode(daemon, params, context),
    prewarm: (params, context) => prewarm(daemon, params, context),
    'prewarm.preview': (params, context) => previewPrewarm(daemon, params, context),
    adopt: (params, context) => adopt(daemon, params, context),
    'queue.list': (params) => listQueue(daemon, params),
    'queue.pause': (params, context) => pauseQueue(daemon, params, context),
    'queue.resume': (params, context) => resumeQueue(daemon, params, context),
    'queue.cancel': (params, context) => cancelJobs(daemon, params, context),
    'adopt.files': (params, context) => adoptFiles(daemon, params, context),
    flush: (params, context) => flush(daemon, params, context),
    'looks.list': () => listLooks(daemon),
    'looks.add': (params) => addLook(daemon, params),
    ls: (params) => list(daemon, params),
    why: (params) => why(daemon, params),
    pictures: (params) => listPictures(daemon, params),
    plan: (params, context) => plan(daemon, params, context),
    verify: (params, context) => verify(daemon, params, context),
    pin: (params, context) => pin(daemon, params, context),
    unpin: (params, context) => unpin(daemon, params, context),
    handles: (params) => listHandles(daemon, params),
    assert: (params, context) => assertServed(daemon, params, context),
    events: (params, context) => listEvents(daemon, params, context),
    history: (params) => history(daemon, params),
    failures: (params) => failures(daemon, params),
    metrics: async () => ({ text: await meter.read() }),
    unmount: (params, context) => unmount(daemon, params, context),
  };
}
