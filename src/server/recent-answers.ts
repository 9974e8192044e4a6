/** Requests that a client could still repeat. */
const KEPT = 64;

/** Answers of the last requests of one connection: a request that arrives twice runs once and gets the same answer. */
export class RecentAnswers<Answer> {
  readonly #answers = new Map<string, Promise<Answer>>();

  /** `content` tells a repeated request from a new one under a used id. */
  once(id: string | number, content: string, run: () => Promise<Answer>): Promise<Answer> {
    const key = JSON.stringify([id, content]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = run();
    this.#answers.set(key, answer);
    const oldest = this.#answers.keys().next();
    if (this.#answers.size > KEPT && oldest.done !== true) this.#answers.delete(oldest.value);
    return answer;
  }
}
