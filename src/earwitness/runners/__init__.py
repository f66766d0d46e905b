"""What carries events to their steps: at once (``inline``), or durably (``durable``).

Both run ``flow.steps.carry_out`` by the event's id, so that nothing but ids leaves
the store. The outbox is the truth; a runner that dies loses nothing.
"""
