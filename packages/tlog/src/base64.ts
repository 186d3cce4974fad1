/**
 * Base64 by the engine: `Uint8Array.fromBase64` where it exists (ECMAScript 2026; Node 25), else `atob`. Neither is strict;
 * bytes.ts is.
 */

/** String.fromCharCode takes its bytes as arguments, and engines limit how many there may be. */
const CHUNK = 8192;

/** For engines without the methods. */
export function encodeByBtoa(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}

/** For engines without the methods. Throws for what is no base64 at all. */
export function decodeByAtob(text: string): Uint8Array {
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

interface Base64Methods {
  fromBase64?: (text: string) => Uint8Array;
  prototype: { toBase64?: (this: Uint8Array) => string };
}

const methods = Uint8Array as unknown as Base64Methods;
const nativeEncode = methods.prototype.toBase64;

export const encodeBase64: (bytes: Uint8Array) => string = nativeEncode === undefined ? encodeByBtoa : (bytes) => nativeEncode.call(bytes);

export const decodeBase64: (text: string) => Uint8Array = methods.fromBase64?.bind(Uint8Array) ?? decodeByAtob;
