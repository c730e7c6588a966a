from lyceum.core.jobs import schedule
from lyceum.library.orders import sales, services


@schedule("* * * * *", "library.expire_orders")
def expire_orders(timestamp: int) -> None:
    services.expire_unpaid()


@schedule("3 0 * * *", "library.forget_old_sales")
def forget_old_sales(timestamp: int) -> None:
    sales.forget_old()
