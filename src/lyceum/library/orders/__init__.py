"""Carts and orders: what people mean to buy, what they bought, and how it is paid and sent."""
