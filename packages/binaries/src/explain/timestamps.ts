/** Times as build tools write them. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = MONTHS.join('|');
const DAY = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun';
const CLOCK = String.raw`\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?`;
const ZONE = String.raw`Z|[+-]\d{2}:?\d{2}|UTC|GMT`;

/** ISO 8601 and Go's time.String; RFC 2822; date(1) and ctime; `__DATE__ __TIME__`; digits only; POSIX seconds, milli- and nanoseconds of 2014 to 2033. */
const FORMS = [
  String.raw`\d{4}-\d{2}-\d{2}(?:[T _]${CLOCK}(?: ?(?:${ZONE}))?(?: UTC)?)?`,
  String.raw`(?:(?:${DAY}), )?\d{1,2} (?:${MONTH}) \d{4} ${CLOCK}(?: (?:${ZONE}|[A-Z]{3,4}))?`,
  String.raw`(?:${DAY}) (?:${MONTH}) [ \d]\d ${CLOCK}(?: (?:AM|PM))?(?: (?:${ZONE}|[A-Z]{3,4}))? \d{4}`,
  String.raw`(?:${MONTH}) [ \d]\d \d{4}(?: ${CLOCK})?`,
  String.raw`20\d{6}[T.-]?\d{6}Z?`,
  String.raw`\d{2}:\d{2}:\d{2}`,
  String.raw`(?<![\d.])1[4-9]\d{8}(?:\d{3}|\d{9})?(?![\d.])`,
];

const POSIX_TIME = /^1[4-9]\d{8}(?:\d{3}|\d{9})?$/;

/** Any of the forms, the most telling first. With flag g: reset by String.matchAll. */
export const TIMESTAMP = new RegExp(FORMS.join('|'), 'g');

/** A point in time, in POSIX seconds, and how precise its text is, in seconds. */
export interface Instant {
  readonly seconds: number;
  readonly precision: number;
}

/** Reads a text that TIMESTAMP found; null for dates that do not exist and for a time of day without a date. A missing zone is read as UTC. */
export function instantOf(text: string): Instant | null {
  if (POSIX_TIME.test(text)) return { seconds: Number.parseInt(text.slice(0, 10), 10), precision: 1 };
  const date = dateOf(text);
  if (date === null) return null;
  const clock = /(\d{2}):(\d{2})(?::(\d{2}))?/.exec(date.rest) ?? /^(\d{2})(\d{2})(\d{2})/.exec(date.rest);
  const [hours, minutes, seconds] = [clock?.[1], clock?.[2], clock?.[3]].map((digits) => Number.parseInt(digits ?? '0', 10));
  const day = Date.UTC(date.year, date.month - 1, date.day, hours, minutes, seconds) / 1000;
  const exists =
    new Date(day * 1000).getUTCDate() === date.day && date.month >= 1 && date.month <= 12 && hours! < 24 && minutes! < 60 && seconds! < 61;
  if (!exists) return null;
  if (clock === null) return { seconds: day, precision: 86_400 };
  return { seconds: day - zoneOffset(date.rest), precision: clock[3] === undefined ? 60 : 1 };
}

interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** What follows or surrounds the date. */
  readonly rest: string;
}

function dateOf(text: string): CalendarDate | null {
  const number = (digits: string | undefined) => Number.parseInt(digits!, 10);
  const numeric = /^(\d{4})-(\d{2})-(\d{2})|^(20\d{2})(\d{2})(\d{2})(?=[T.-]?\d{6})/.exec(text);
  if (numeric !== null) {
    const [year, month, day] = numeric[1] === undefined ? numeric.slice(4, 7) : numeric.slice(1, 4);
    return { year: number(year), month: number(month), day: number(day), rest: text.slice(numeric[0].length).replace(/^[T_. -]/, '') };
  }
  const month = MONTHS.findIndex((name) => text.includes(name)) + 1;
  const year = /(?<![\d+-])\d{4}(?!\d)/.exec(text)?.[0];
  const day = new RegExp(`(\\d{1,2}) (?:${MONTH})|(?:${MONTH}) ([ \\d]\\d)`).exec(text);
  if (month === 0 || year === undefined || day === null) return null;
  return { year: number(year), month, day: number((day[1] ?? day[2])!.trim()), rest: text };
}

function zoneOffset(text: string): number {
  const zone = /([+-])(\d{2}):?(\d{2})(?= |$)/.exec(text);
  if (zone === null) return 0;
  const seconds = Number.parseInt(zone[2]!, 10) * 3600 + Number.parseInt(zone[3]!, 10) * 60;
  return zone[1] === '-' ? -seconds : seconds;
}
