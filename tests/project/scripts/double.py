def double(data):
    print("doubling", len(data["values"]))
    return {"doubled": [2 * value for value in data["values"]]}
