import { readPe } from '../pe.ts';
import { Reader } from '../reader.ts';
import type { Part } from './parts.ts';

export const PE_HEADERS = 'PE headers';
export const CERTIFICATES = 'certificate table';

/** Where the fields lie that signing and dating change (Microsoft's "PE Format"); file offsets in bytes. */
export function peFields(bytes: Uint8Array): { dateAt: number; checksumAt: number; securityAt: number; headersSize: number } {
  const reader = new Reader(bytes, true);
  const header = reader.u32(0x3c);
  const optional = header + 24;
  const wide = reader.u16(optional) === 0x20b;
  return {
    dateAt: header + 8,
    checksumAt: optional + 64,
    // Data directory 4, "Certificate Table": the only one that holds a file offset.
    securityAt: optional + (wide ? 112 : 96) + 4 * 8,
    headersSize: reader.u32(optional + 60),
  };
}

/** The parts of a PE file: headers, sections, certificates. All count as loaded; Go's symbols behind the sections are the gap at the end. */
export function peParts(bytes: Uint8Array): Part[] {
  const image = readPe(bytes);
  const reader = new Reader(bytes, true);
  const { headersSize, securityAt } = peFields(bytes);
  const parts: Part[] = [{ name: PE_HEADERS, start: 0, end: headersSize, loaded: true, code: false }];
  for (const { name, offset, size } of image.sections) {
    if (offset > 0) parts.push({ name, start: offset, end: offset + size, loaded: true, code: name === '.text' });
  }
  const certificates = reader.u32(securityAt);
  const size = reader.u32(securityAt + 4);
  if (certificates > 0) parts.push({ name: CERTIFICATES, start: certificates, end: certificates + size, loaded: false, code: false });
  return parts;
}
