import { hash } from 'node:crypto';
import type { CallToolResult } from '@modelcontextprotocol/server';

/** Requests that a client could still repeat. */
const KEPT = 64;
/** Of large answers only the last are kept. */
const KEPT_CHARS = 100_000;

interface Given {
  readonly key: string;
  readonly answer: CallToolResult;
  readonly chars: number;
}

/** Answers of the last requests of one connection: a request that arrives twice runs once and gets the same answer. */
export class RecentAnswers {
  readonly #underWay = new Map<string, Promise<CallToolResult>>();
  /** Oldest first. A list: what stood in a map that changes all the time is held by its earlier tables until the next full collection. */
  readonly #given: Given[] = [];
  #chars = 0;

  /** `content` tells a repeated request from a new one under a used id. */
  async once(
    id: string | number,
    content: string,
    run: () => Promise<CallToolResult>,
  ): Promise<CallToolResult> {
    const key = hash('sha256', `${JSON.stringify(id)} ${content}`, 'base64'); // what a request says may be megabytes
    const given = this.#given.find(one => one.key === key);
    return given?.answer ?? this.#underWay.get(key) ?? this.#begin(key, run);
  }

  async #begin(key: string, run: () => Promise<CallToolResult>): Promise<CallToolResult> {
    const begun = run();
    this.#underWay.set(key, begun);
    try {
      const answer = await begun;
      this.#keep({ key, answer, chars: charsOf(answer) });
      return answer;
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** The last one is kept whatever its size. */
  #keep(given: Given): void {
    this.#given.push(given);
    this.#chars += given.chars;
    while (this.#given.length > KEPT || (this.#chars > KEPT_CHARS && this.#given.length > 1)) {
      this.#chars -= this.#given.shift()?.chars ?? 0;
    }
  }
}

function charsOf({ content }: CallToolResult): number {
  return content.reduce((sum, block) => sum + (block.type === 'text' ? block.text.length : 0), 0);
}
