"""Made-up secrets in the shapes of real ones, and keys to run with."""

import base64

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(32, 64))).decode()

SHAPED = {
    "jwt": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ",
    "fernet token": "gAAAAABmCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanary_-A==",
    "fernet key": KEY,
    "entra refresh token": "1.AXEAcanaryCANARYcanaryCANARYcanary-_canary.AgABAwEAAADcanaryCANARY",
    "entra code": "0.AXEAcanaryCANARYcanaryCANARYcanary-_canary",
    "personal refresh token": "M.C507_BL2.0.U.-CanaryCANARY!canaryCANARY*canary$$",
    "entra client secret": "abc8Q~CanaryCanaryCanaryCanaryCanaryCanary",
}

NAMED = (
    "access_token",
    "refresh_token",
    "client_secret",
    "id_token",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "encryption_key",
    "assertion",
    "client_assertion",
    "api_key",
    "cookie",
)
