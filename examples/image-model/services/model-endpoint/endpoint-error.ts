/** A refusal with its HTTP status; the message is for the client. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
