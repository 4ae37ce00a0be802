/** One POST over HTTP with its limits: connecting, whole call, size of the reply. node:http, as global fetch cannot limit the connecting. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { AppError } from '../../../../core/errors.ts';
import type { ProviderAnswer } from './provider-fault.ts';

export interface PostBounds {
  readonly connectMs: number;
  readonly wholeMs: number;
  readonly maxReplyBytes: number;
}

/** Replies are not streamed: a slow model sends its first byte late, so only the whole call is limited once it is connected. */
export function modelCallBounds(timeoutSeconds: number): PostBounds {
  return { connectMs: 5_000, wholeMs: timeoutSeconds * 1_000, maxReplyBytes: 256 * 1_024 };
}

/** Of 256, Node's own bound, half would be closed and opened anew whenever 512 calls end together. */
const keptConnections = { keepAlive: true, maxFreeSockets: 1_024 };

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON in pieces, in order. */
  readonly body: readonly (string | Buffer)[];
  readonly signal: AbortSignal;
  /** Called once when the request has a connection: from here on the provider may work on it, and charge for it. */
  readonly onSent?: () => void;
}

export type PostJson = (request: PostRequest) => Promise<ProviderAnswer>;

/**
 * Posts to one address over kept connections. Redirects are not followed, so that a key goes where it was meant to.
 * @throws AppError MODEL_UNREACHABLE, MODEL_TIMEOUT, MODEL_REPLY_TOO_LARGE, with `details.isAbandoned` where the request had been
 * sent; the signal's reason when aborted
 */
export function createPostJson({ url, bounds }: { url: string; bounds: PostBounds }): PostJson {
  const { protocol, host } = new URL(url);
  const target = urlToHttpOptions(new URL(url));
  const isTls = protocol === 'https:';
  const agent = isTls ? new HttpsAgent(keptConnections) : new HttpAgent(keptConnections);
  const send = isTls ? httpsRequest : httpRequest;
  return ({ headers, body, signal, onSent }) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const lifts: (() => void)[] = [];
      const length = body.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
      const request = send({
        ...target,
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
      });
      const end = (finish: () => void) => {
        for (const lift of lifts) lift();
        signal.removeEventListener('abort', onAbort);
        finish();
      };
      const giveUp = (error: unknown) => {
        end(() => reject(error));
        request.destroy();
      };
      const onAbort = () => giveUp(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      let isSent = false;
      const limit = (ms: number, makeError: () => AppError) => {
        const lift = startLimit(ms, () => giveUp(makeError()));
        lifts.push(lift);
        return lift;
      };
      limit(bounds.wholeMs, () => timedOut(host, bounds.wholeMs, isSent));
      const liftConnecting = limit(bounds.connectMs, () => notConnected(host, bounds.connectMs));
      const connected = () => {
        liftConnecting();
        isSent = true;
        onSent?.();
      };
      request.once('socket', (socket) => {
        if (!socket.connecting) connected();
        else socket.once(isTls ? 'secureConnect' : 'connect', connected);
      });
      request.on('error', (error) => giveUp(unreachable(host, error, isSent)));
      request.once('response', (response) => {
        response.on('error', (error) => giveUp(unreachable(host, error, isSent)));
        readBody(response, bounds.maxReplyBytes).then(
          (text) => end(() => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })),
          () => giveUp(tooLarge(host, bounds.maxReplyBytes)),
        );
      });
      for (const piece of body) request.write(piece);
      request.end();
    });
}

/** A process that stood still itself looks first at what came meanwhile. The function that is given lifts the limit. */
function startLimit(ms: number, onOver: () => void): () => void {
  let look: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    look = setImmediate(onOver);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(look);
  };
}

/** Rejects as soon as there is more than is taken. */
function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) reject(new Error('too large'));
      else chunks.push(chunk);
    });
    response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

function timedOut(host: string, ms: number, isAbandoned: boolean): AppError {
  return new AppError(
    'MODEL_TIMEOUT',
    `The model's server ${host} did not give its whole reply within ${ms / 1_000} s. Raise LLM_TIMEOUT_SECONDS if the model is slow.`,
    { details: { isAbandoned } },
  );
}

/** Nothing was sent, so nothing can be charged. */
function notConnected(host: string, ms: number): AppError {
  return new AppError(
    'MODEL_UNREACHABLE',
    `The model's server ${host} did not take a connection within ${ms / 1_000} s. Check LLM_BASE_URL and the network.`,
  );
}

/** The error's code alone: its other properties may hold the request. */
function unreachable(host: string, error: Error, isAbandoned: boolean): AppError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const words = isAbandoned ? 'broke the connection before its reply was complete' : 'cannot be reached';
  return new AppError(
    'MODEL_UNREACHABLE',
    `The model's server ${host} ${words} (${code}). Check LLM_BASE_URL and the network.`,
    { details: { isAbandoned } },
  );
}

function tooLarge(host: string, maxBytes: number): AppError {
  return new AppError(
    'MODEL_REPLY_TOO_LARGE',
    `The model's server ${host} sent more than ${maxBytes / 1_024} KiB. The reply was given up; check LLM_BASE_URL and LLM_MODEL.`,
    { details: { isAbandoned: true } },
  );
}
