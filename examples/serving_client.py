"""Requests to a served model over REST: python examples/serving_client.py [URL].

The script needs only Python. Start a server first, as in docs/serving.md.
"""

import json
import math
import sys
import urllib.request

URL = "http://localhost:8501/v1/models/heart_disease"

PATIENT = {
    "age": 63,
    "sex": "male",
    "cp": "typical angina",
    "trestbps": 145,
    "chol": 233,
    "fbs": "true",
    "restecg": "lv hypertrophy",
    "thalach": 150,
    "exang": "false",
    "oldpeak": 2.3,
    "slope": "downsloping",
    "ca": 0,
}
# A missing number is NaN, a missing category the empty text.
UNKNOWN = {**PATIENT, "chol": math.nan, "slope": ""}


def ask(url: str, verb: str, body: dict) -> dict:
    """Send one request and return its response.

    Args:
        url: The address of the model.
        verb: `"predict"`, `"classify"` or `"regress"`.
        body: The request.

    Returns:
        The JSON of the response.
    """
    request = urllib.request.Request(
        f"{url}:{verb}",
        # Python and the server write NaN in the same way.
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def main(url: str = URL) -> None:
    """Send one request of each form."""
    rows = ask(url, "predict", {"instances": [PATIENT, UNKNOWN]})
    for row in rows["predictions"]:
        print("row form:", row["thal_class"], row["heart_class"], row["heart"])

    columns = {name: [PATIENT[name], UNKNOWN[name]] for name in PATIENT}
    answer = ask(url, "predict", {"inputs": columns})
    print("column form:", answer["outputs"]["heart_class"])

    # An example may omit features, and hold 63 or 63.0.
    body = {"signature_name": "classify_thal", "examples": [PATIENT, {"age": 63}]}
    for classes in ask(url, "classify", body)["results"]:
        print("classify:", {name: round(score, 3) for name, score in classes})

    body = {"signature_name": "features", "instances": [PATIENT]}
    print("shared representation:", len(ask(url, "predict", body)["predictions"][0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
