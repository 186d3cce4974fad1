/** Errors over HTTP: RFC 9457 problem+json, with a stable `code`. Details of unknown errors stay in the log. */
import { randomUUID } from 'node:crypto';
import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from './logger.ts';

export interface Problem {
  status: number;
  /** kebab-case, stable: programs decide by it. */
  code: string;
  /** The same for every occurrence of `code`. */
  title: string;
  /** What was expected, what was found, what to do. Public. */
  detail: string;
  headers?: Record<string, string>;
  /** More members of the JSON object. */
  extra?: Record<string, unknown>;
}

/** Throw it anywhere below a handler; `onError` answers with it. */
export class ProblemError extends Error {
  readonly code: string;
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.name = 'ProblemError';
    this.code = problem.code;
    this.problem = problem;
  }
}

/** Body of a problem, `{type, title, status, detail, code, …extra}`. The type is an identifier, never fetched. */
export function problemBody({ status, code, title, detail, extra }: Problem): Record<string, unknown> {
  return { ...extra, type: `urn:verbatim:problem:${code}`, title, status, detail, code };
}

/** An answer with a problem. */
export function problem(c: Context, problem: Problem): Response {
  const headers = { 'cache-control': 'no-store', ...problem.headers, 'content-type': 'application/problem+json' };
  return c.body(JSON.stringify(problemBody(problem)), problem.status as ContentfulStatusCode, headers);
}

/**
 * hono's onError: a ProblemError as it says; any other error is 500 with a request ID that finds it in the log.
 * `map` may turn other typed errors into problems, or return null.
 *
 * @example
 * app.onError(onError(logger, (error) => (error instanceof TlogError ? { status: 400, … } : null)));
 */
export function onError(logger: Logger, map?: (error: unknown) => Problem | null): ErrorHandler {
  return function answerError(error, c) {
    const known = error instanceof ProblemError ? error.problem : (map?.(error) ?? null);
    if (known !== null) return problem(c, known);
    if (error instanceof HTTPException) {
      return problem(c, { status: error.status, code: 'bad-request', title: 'The request cannot be served', detail: error.message });
    }
    const requestId = randomUUID();
    logger.error({ err: error, requestId, method: c.req.method, path: c.req.path }, 'request failed');
    return problem(c, {
      status: 500,
      code: 'internal-error',
      title: 'Internal error',
      detail: `something went wrong on this side; the operator finds it under request ID ${requestId}`,
      extra: { requestId },
    });
  };
}

/** hono's notFound. */
export const notFound: NotFoundHandler = (c) =>
  problem(c, { status: 404, code: 'not-found', title: 'Not found', detail: `nothing is served at this path for ${c.req.method}` });
