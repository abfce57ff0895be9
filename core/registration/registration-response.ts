/** A yes with what comes along (Flink RegistrationResponse.Success). */
export interface RegistrationSuccess<Success> {
  readonly kind: 'success';
  readonly success: Success;
}

/** A final no: asking again is pointless (Flink RegistrationResponse.Rejection). */
export interface RegistrationRejection<Rejection> {
  readonly kind: 'rejection';
  readonly rejection: Rejection;
}

/** A no for now (Flink RegistrationResponse.Failure). */
export interface RegistrationFailure {
  readonly kind: 'failure';
  readonly reason: string;
}

/** What the other side answers to a registration (Flink RegistrationResponse). */
export type RegistrationResponse<Success, Rejection> =
  | RegistrationSuccess<Success>
  | RegistrationRejection<Rejection>
  | RegistrationFailure;
