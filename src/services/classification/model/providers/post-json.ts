/** One POST over HTTP with limits for connecting, the whole call and the reply's size. Global fetch cannot limit connecting. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { AppError } from '../../../../core/errors.ts';
import type { ProviderAnswer } from './provider-fault.ts';
import { createProxyAgent } from './proxy.ts';

export interface PostBounds {
  readonly connectMs: number;
  readonly wholeMs: number;
  readonly maxReplyBytes: number;
}

/** Replies are not streamed, so a slow model sends its first byte late: after connecting, only the whole call has a limit. */
export function modelCallBounds(timeoutSeconds: number): PostBounds {
  return { connectMs: 5_000, wholeMs: timeoutSeconds * 1_000, maxReplyBytes: 256 * 1_024 };
}

/** With Node's default of 256 free sockets, half of 512 calls that end together would lose their connections. */
const keptConnections = { keepAlive: true, maxFreeSockets: 1_024 };

export interface PostRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  readonly signal: AbortSignal;
  /** Called once when the request has a connection: from then on the provider may charge for it. */
  readonly onSent?: () => void;
}

export interface PostOptions {
  readonly url: string;
  readonly bounds: PostBounds;
  /** Absent: the address is called directly. */
  readonly proxy?: URL;
  readonly userAgent?: string;
}

export type PostJson = (request: PostRequest) => Promise<ProviderAnswer>;

/**
 * Posts to one address over keep-alive connections. Does not follow redirects, so the key reaches only that address.
 * @throws AppError MODEL_UNREACHABLE, MODEL_TIMEOUT, MODEL_REPLY_TOO_LARGE, with `details.isAbandoned` if the request had been
 * sent; the signal's reason when aborted
 */
export function createPostJson({ url, bounds, proxy, userAgent = 'vambe-ai-worker' }: PostOptions): PostJson {
  const { protocol, host } = new URL(url);
  const target = urlToHttpOptions(new URL(url));
  const isTls = protocol === 'https:';
  const direct = () => (isTls ? new HttpsAgent(keptConnections) : new HttpAgent(keptConnections));
  const agent = proxy === undefined ? direct() : createProxyAgent(url, proxy, keptConnections);
  const send = isTls ? httpsRequest : httpRequest;
  return ({ headers, body, signal, onSent }) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const bytes = Buffer.from(body, 'utf8');
      const request = send({
        ...target,
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': bytes.length,
          'user-agent': userAgent,
          ...headers,
        },
      });
      const limits = createLimits();
      let isSent = false;
      const end = (finish: () => void) => {
        limits.clear();
        signal.removeEventListener('abort', onAbort);
        finish();
      };
      const fail = (error: unknown) => {
        end(() => reject(error));
        request.destroy();
      };
      const onAbort = () => fail(signal.reason);
      const onError = (error: Error) => fail(unreachable(host, error, isSent));
      signal.addEventListener('abort', onAbort, { once: true });
      limits.start(bounds.wholeMs, () => fail(timedOut(host, bounds.wholeMs, isSent)));
      const clearConnecting = limits.start(bounds.connectMs, () => fail(notConnected(host, bounds.connectMs)));
      const onConnected = () => {
        clearConnecting();
        isSent = true;
        onSent?.();
      };
      request.once('socket', (socket) => {
        if (!socket.connecting) onConnected();
        else socket.once(isTls ? 'secureConnect' : 'connect', onConnected);
      });
      request.on('error', onError);
      request.once('response', (response) => {
        response.on('error', onError);
        readBody(response, bounds.maxReplyBytes).then(
          (text) => end(() => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })),
          () => fail(tooLarge(host, bounds.maxReplyBytes)),
        );
      });
      request.end(bytes);
    });
}

/** The time limits of one call. `start` returns a function that clears its limit. */
function createLimits(): { start(ms: number, onOver: () => void): () => void; clear(): void } {
  const clears: (() => void)[] = [];
  return {
    start(ms, onOver) {
      const clear = startLimit(ms, onOver);
      clears.push(clear);
      return clear;
    },
    clear() {
      for (const clear of clears) clear();
    },
  };
}

/** If the process itself was blocked, answers that arrived meanwhile are read before `onOver` runs. Returns a function that clears the limit. */
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

/** Rejects as soon as the body is too large. */
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

/** Nothing was sent, so nothing is charged. */
function notConnected(host: string, ms: number): AppError {
  return new AppError(
    'MODEL_UNREACHABLE',
    `The model's server ${host} did not take a connection within ${ms / 1_000} s. Check LLM_BASE_URL and the network.`,
  );
}

/** Only the error's code is used: its other properties may contain the request. */
function unreachable(host: string, error: Error, isAbandoned: boolean): AppError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const what = isAbandoned ? 'broke the connection before its reply was complete' : 'cannot be reached';
  return new AppError(
    'MODEL_UNREACHABLE',
    `The model's server ${host} ${what} (${code}). Check LLM_BASE_URL and the network.`,
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
