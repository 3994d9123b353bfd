"""Asks a running `churn serve` by the HTTP client of Triton, and compares with `churn score`.

usage: protocol.py ADDRESS CUSTOMERS.csv SCORED.jsonl

ADDRESS is host:port, CUSTOMERS.csv what `churn score` was given and SCORED.jsonl what it wrote; the
environment variable CHURN_KEY is an API key that may score. Exit code 1: something is not the same.
"""

import csv
import json
import os
import sys

import numpy as np
import tritonclient.http as triton

MODEL = "telco"
# JSON and CSV write the shortest text that reads back as the same number.
TOLERANCE = 1e-12


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def tensors(metadata, customers, binary):
    """One tensor a column; a column with gaps is sent without them by another request."""
    inputs = []
    for column in metadata["inputs"]:
        values = [customer[column["name"]] for customer in customers]
        if any(value == "" for value in values):
            continue
        if column["datatype"] == "BYTES":
            array = np.array([value.encode() for value in values], dtype=np.object_)
        else:
            array = np.array([float(value) for value in values])
        tensor = triton.InferInput(column["name"], [len(values)], column["datatype"])
        tensor.set_data_from_numpy(array, binary_data=binary)
        inputs.append(tensor)
    return inputs


def ask(client, metadata, customers, headers, binary):
    wanted = [triton.InferRequestedOutput("churn_probability", binary_data=False)]
    inputs = tensors(metadata, customers, binary)
    answer = client.infer(MODEL, inputs, outputs=wanted, headers=headers, request_id="42")
    response = answer.get_response()
    assert response["id"] == "42", response
    assert response["model_version"] == metadata["versions"][0], response
    return answer.as_numpy("churn_probability")


def main():
    address, customers, scored = sys.argv[1:]
    customers = read(customers)
    with open(scored) as file:
        scored = [json.loads(line) for line in file]
    headers = {"X-Api-Key": os.environ["CHURN_KEY"]}
    client = triton.InferenceServerClient(address)
    assert client.is_server_live(), "not live"
    assert client.is_server_ready(), "not ready"
    assert client.is_model_ready(MODEL), "the model is not ready"
    assert not client.is_model_ready("another"), "a model that is none is ready"
    server = client.get_server_metadata()
    assert server["name"] and server["version"], server
    metadata = client.get_model_metadata(MODEL, headers=headers)
    outputs = [output["name"] for output in metadata["outputs"]]
    assert metadata["name"] == MODEL and "churn_probability" in outputs, metadata

    expected = {row["key"]: row["churn_probability"] for row in scored}
    keys = [customer["customerID"] for customer in customers]
    worst = 0.0
    for binary in (False, True):
        # Customers with the same gaps together, each group in one request.
        groups = {}
        for customer in customers:
            gaps = tuple(name for name, value in customer.items() if value == "")
            groups.setdefault(gaps, []).append(customer)
        for group in groups.values():
            found = ask(client, metadata, group, headers, binary)
            for customer, probability in zip(group, found, strict=True):
                worst = max(worst, abs(probability - expected[customer["customerID"]]))
    try:
        client.infer("another", tensors(metadata, customers[:1], False), headers=headers)
        raise AssertionError("a model that is none answers")
    except triton.InferenceServerException as fault:
        assert "no model" in str(fault), fault
    print(f"tritonclient: {len(keys)} customers as JSON and as binary tensors, largest difference {worst}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
