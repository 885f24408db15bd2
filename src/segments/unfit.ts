import { ProxyfsError } from '../base/error.js';

/** The clip cannot be encoded in segments: it is encoded in one piece. */
export const unfit = (reason: string): ProxyfsError => new ProxyfsError('generate/segments', reason);
