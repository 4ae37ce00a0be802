/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as curl reads them. */
import type { Agent } from 'node:http';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { AppError } from '../../../../core/errors.ts';

export interface ProxySettings {
  readonly httpsProxy: string | null;
  readonly httpProxy: string | null;
  /** Hosts that are called without a proxy, separated by commas; * is all. */
  readonly noProxy: string | null;
}

/** The proxy for an address; undefined: it is called directly. @throws AppError SETTINGS_INVALID for a proxy that is not HTTP */
export function proxyFor(url: string, { httpsProxy, httpProxy, noProxy }: ProxySettings): URL | undefined {
  const target = new URL(url);
  const [name, given] = target.protocol === 'https:' ? ['HTTPS_PROXY', httpsProxy] : ['HTTP_PROXY', httpProxy];
  if (given === null || isExcluded(target, noProxy ?? '')) return undefined;
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return new URL(address);
  throw new AppError(
    'SETTINGS_INVALID',
    `${name} is no address of an HTTP proxy such as http://proxy:3128, and the model at ${target.host} is to be called through it. Correct it, or add the host to NO_PROXY.`,
  );
}

export function createProxyAgent(
  url: string,
  proxy: URL,
  options: { keepAlive: boolean; maxFreeSockets: number },
): Agent {
  return url.startsWith('https:') ? new HttpsProxyAgent(proxy, options) : new HttpProxyAgent(proxy, options);
}

/** This machine is never called through a proxy. `example.com` and `.example.com` also mean its subdomains. */
function isExcluded({ hostname, host, port }: URL, noProxy: string): boolean {
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(hostname)) return true;
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      const [name = '', entryPort] = entry.replace(/^\*?\./, '').split(/:(?=\d+$)/);
      if (entry === '*') return true;
      if (entryPort !== undefined && entryPort !== port) return false;
      return hostname === name || host === name || hostname.endsWith(`.${name}`);
    });
}
